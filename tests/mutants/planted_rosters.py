"""The bugs planted in the reading and judging of rosters."""

from tests.mutants.planting import Planted

_SHARED = "shared/src/shared/"
_IMPORTING = "deploy/cli/src/registry_cli/importing/"
_CLI = "tests/unit/registry_cli/"

TABLES = (
    Planted(
        "rows-swallowed-by-an-open-quote",
        "Rows that an unpaired quote has made one cell of are reported, never lost.",
        f"{_SHARED}tables/table.py",
        "                found.append(Problem(problems.OPEN_QUOTE, params, title=title))\n",
        "                del params\n",
        ("tests/unit/shared/tables/test_table.py",),
    ),
    Planted(
        "a-record-without-end",
        "A file of one endless record is refused before it fills the memory.",
        f"{_SHARED}tables/csvfile.py",
        "        self.characters += len(line)\n",
        "        self.characters = len(line)\n",
        ("tests/unit/shared/tables/test_csvfile.py",),
    ),
)

ROSTERS = (
    Planted(
        "numbers-cut-by-a-spreadsheet",
        "A roster whose numbers a spreadsheet cut to 15 digits enters nobody.",
        f"{_IMPORTING}judgement.py",
        "            if is_lost(number):\n",
        "            if number.endswith('0000'):\n",
        (f"{_CLI}test_judgement.py",),
    ),
    Planted(
        "refused-pages-go-on",
        "An import of which page after page is refused stops.",
        f"{_IMPORTING}stopping.py",
        "        bad = self.pages >= STOPPING_PAGES\n",
        "        bad = self.pages > 2 * STOPPING_PAGES\n",
        (f"{_CLI}test_stopping.py",),
    ),
    Planted(
        "a-guessed-encoding-is-proof",
        "What is read by a guess is judged more strictly than what is certain.",
        f"{_SHARED}tables/csvfile.py",
        '    guessed = encoding != "utf-8-sig" and not marked\n',
        '    guessed = encoding == "utf-8-sig" and not marked\n',
        (f"{_CLI}test_encodings.py",),
    ),
    Planted(
        "damaged-utf8-read-otherwise",
        "UTF-8 with a cut character is never read as another encoding.",
        f"{_SHARED}tables/csvfile.py",
        "    return right > faults\n",
        "    return right < faults\n",
        (f"{_CLI}test_encodings.py",),
    ),
    Planted(
        "remarks-unread",
        "A row next to which a roster says that the person has left or died is refused.",
        f"{_SHARED}tables/table.py",
        "                    yield replace(error.problem, title=self.titles[at])\n",
        "                    yield from () if error else ()\n",
        (f"{_CLI}test_margin.py",),
    ),
    Planted(
        "a-child-made-an-adult",
        "A missing kind makes no child an adult member.",
        f"{_IMPORTING}roster.py",
        ">= OF_AGE else YOUTH",
        ">= 0 else YOUTH",
        (f"{_CLI}test_kinds.py",),
    ),
)
