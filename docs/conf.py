"""How the documentation site is built: ``make docs``."""

import sys
from importlib.resources import files
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

from generated_pages import leave_out, shorten_environment, write_generated  # noqa: E402
from narrow_pictures import NarrowPictures  # noqa: E402

import asl_gym  # noqa: E402

project = "asl-gym"
author = "the asl-gym authors"
copyright = f"2026, {author}"
version = release = asl_gym.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.githubpages",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_generated", "examples"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "asl-gym"
html_static_path = ["_static", str(files("sphinx-mathjax-offline") / "static")]
html_css_files = ["site.css"]
html_show_sourcelink = False
# MathJax is part of the site, so that formulas show without a network.
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"options": {"enableMenu": False}}
copybutton_exclude = ".linenos, .gp, .go"

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_preprocess_types = False

sphinx_gallery_conf = {
    "image_scrapers": ("matplotlib", "figures.last_figure"),
    "reset_modules": ("matplotlib", "example_style.apply"),
    "ignore_repr_types": r"matplotlib\.",
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "remove_config_comments": True,
    "min_reported_time": 1,
    "show_signature": False,
    "write_computation_times": False,
    "copyfile_regex": r"",
}


def setup(app):
    """Writes the pages that the code knows best, before any is read."""
    write_generated(HERE / "_generated", HERE / "api")
    app.add_transform(NarrowPictures)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("autodoc-process-docstring", shorten_environment)
