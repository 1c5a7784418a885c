"""How deep the imports of ``asl_gym`` go; ``python -m tests.import_chains`` prints the longest.

A chain is counted in rooms (a folder of ``asl_gym``, or a file at its top), since rooms are what a
reader has to know of; imports inside functions count. The longest chain of files is printed too.
"""

import sys
from functools import cache

import grimp

PACKAGE = "asl_gym"
MOST_ROOMS = 9


def room_of(module: str) -> str:
    """The room that a module lies in; the package's own face is one, too."""
    return ".".join(module.split(".")[:2])


def longest_chain(imports: dict[str, set[str]]) -> list[str]:
    """The longest chain of imports, from the importer down."""

    @cache
    def below(importer: str) -> list[str]:
        chains = [below(imported) for imported in sorted(imports[importer])]
        return [importer, *max(chains, key=len, default=[])]

    return max((below(importer) for importer in sorted(imports)), key=len)


def main() -> int:
    """Prints the chains; fails where there are too many rooms in one."""
    graph = grimp.build_graph(PACKAGE)
    files = {each: graph.find_modules_directly_imported_by(each) for each in graph.modules}
    rooms: dict[str, set[str]] = {room_of(each): set() for each in files}
    for importer, imported in files.items():
        rooms[room_of(importer)] |= {room_of(each) for each in imported} - {room_of(importer)}
    chain = longest_chain(rooms)
    print(f"Longest chain of rooms, {len(chain)} of at most {MOST_ROOMS}: {' > '.join(chain)}")
    deepest = longest_chain(files)
    print(f"Longest chain of files, {len(deepest)}: {' > '.join(deepest)}")
    return int(len(chain) > MOST_ROOMS)


if __name__ == "__main__":
    sys.exit(main())
