"""Minutes of the plans in `class/plans`, and odds in `class/notes`: written by rule.

    python -m tools.teaching.plans      write them anew

A section takes the minutes of `tools.dress`. What the room does besides stands behind its text as
(+3): minutes that the author of the plan gives it.
"""

import re

from tools import dress
from tools.teaching import lesson, odds

PLANS = sorted((lesson.CLASS / "plans").glob("*.md"))
NOTES = sorted((lesson.CLASS / "notes").glob("*.md"))
_BLOCK = re.compile(
    r"(<!-- (?:plan|odds): begin -->\n)(.*?)(<!-- (?:plan|odds): end -->)", re.DOTALL
)
_SHOWN = re.compile(r'\[(\w+)(?:, (?:"([^"]+)"|the core))?\]\([^)]*\)')
_EXTRA = re.compile(r"\(\+(\d+)\)")


def minutes(wanted, section=None):
    """Return the minutes of a section of a core, or of the whole core."""
    cells = lesson.core(wanted) if section is None else lesson.sections(wanted)[section]
    return max(1, round(sum(map(dress.minutes, cells))))


def plan(text, semester=False):
    """Write a plan's columns of minutes.

    Parameters
    ----------
    text : str
        The page.
    semester : bool, default False
        Whether its table has one row a week instead of one a step.

    Returns
    -------
    text : str
    total : int
        Minutes of all rows.
    """
    start, table, end = _BLOCK.search(text).groups()
    head, total = table.splitlines()[:2], 0
    rows = []
    for line in table.splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if semester:
            wanted = _SHOWN.search(cells[3])[1]
            cells[1:3] = minutes(wanted), further(wanted)
            spent = sum(cells[1:3])
        else:
            spent = sum(minutes(*shown) for shown in shown_in(cells[2]))
            spent += sum(map(int, _EXTRA.findall(cells[3])))
            cells[:2] = total, spent
        rows.append("| " + " | ".join(map(str, cells)) + " |")
        total += spent
    return text.replace(
        start + table + end, "\n".join([start + head[0], head[1], *rows, end])
    ), total


def further(wanted):
    """Return the minutes of what follows the core."""
    return round(sum(map(dress.minutes, lesson.further(wanted))))


def shown_in(text):
    """Return the notebook and the section of each link, or None for the whole core."""
    return [(m[1], m[2]) for m in _SHOWN.finditer(text)]


def odds_table(wanted, known):
    """Lay out a notebook's demonstrations as a table.

    Parameters
    ----------
    wanted : str
        Number of the notebook.
    known : dict
        As `odds.read` returns them.

    Returns
    -------
    str
    """
    names = [name for name in odds.DEMONSTRATIONS if name.split("-")[0] == wanted]
    if not names:
        return "No figure of this core comes from a single run.\n"
    lines = ["| you are about to say | shown in | the stored run | another seed K |"]
    lines.append("|---|---|---|---|")
    for name in names:
        found, shown = known[name], odds.DEMONSTRATIONS[name]
        share = f"{found['shows']} of {found['runs']} seeds"
        share += f" ({100 * found['low']:.0f} to {100 * found['high']:.0f} %)"
        does = "shows it" if found["stored"] else "does not"
        seeds = f"{found['see']} shows it" if found["see"] is not None else "none shows it"
        seeds += f", {found['not_see']} does not" if found["not_see"] is not None else ""
        lines.append(f"| {shown.says} | {share} | {does} | {seeds}: {shown.change} |")
    risky = [n for n in names if known[n]["shows"] < 0.9 * known[n]["runs"]]
    if risky:
        said = " ".join(odds.DEMONSTRATIONS[name].says for name in risky)
        lines += [
            "",
            "Say first that one run may show the opposite, or show the many:",
            f"*{said}*",
        ]
    return "\n".join(lines) + "\n"


def dressed(path, known):
    """Return a page of `class/` as it should be."""
    text = path.read_text(encoding="utf-8")
    if path.parent.name == "plans":
        return plan(text, path.stem == "semester")[0]
    return _BLOCK.sub(lambda m: m[1] + odds_table(path.stem, known) + m[3], text)


def main():
    """Write the minutes and the odds into all pages."""
    known = odds.read()
    for path in [*PLANS, *NOTES]:
        path.write_text(dressed(path, known), encoding="utf-8")


if __name__ == "__main__":
    main()
