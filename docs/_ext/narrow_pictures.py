"""Pictures that have a version for narrow screens show it there.

Where ``NAME-narrow.svg`` lies beside ``NAME.svg``, a page that shows the one gets both, and the
stylesheet shows one of them. So pages name a picture as any Markdown does.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

__all__ = ["NarrowPictures"]


class NarrowPictures(SphinxTransform):
    """Puts the narrow version of a picture beside it, before pictures are collected."""

    default_priority = 400

    def apply(self, **_: Any) -> None:
        """Looks at every picture of a page."""
        page = Path(self.env.doc2path(self.env.docname)).parent
        for image in list(self.document.findall(nodes.image)):
            uri = Path(image["uri"])
            narrow = uri.with_name(f"{uri.stem}-narrow{uri.suffix}")
            if not (page / narrow).is_file():
                continue
            other = image.deepcopy()
            other["uri"] = narrow.as_posix()
            other["classes"] = [*other["classes"], "narrow-screen"]
            image["classes"] = [*image["classes"], "wide-screen"]
            image.parent.insert(image.parent.index(image) + 1, other)
