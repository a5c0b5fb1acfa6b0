"""The register of claims: a table of all of them, and a page for each. Standard library alone."""

import html
import tomllib

from cells import as_text, slug

import course

WORDS = {
    ("supported", None): "The whole interval lies at or above the threshold: the sentence holds.",
    ("refuted", None): "The whole interval lies below the threshold: the mean is smaller than the "
    "sentence says.",
    ("refuted", "smaller"): "The whole interval lies below the threshold, and above no effect at "
    "all: there is an effect, but a smaller one than the sentence says.",
    ("refuted", "none"): "The whole interval lies below the threshold and holds no effect at all: "
    "there is no effect that would matter.",
    ("refuted", "opposite"): "The whole interval lies on the other side of no effect: the "
    "opposite of the sentence is true.",
    ("refuted", "unclear"): "The whole interval lies below the threshold, but it is too wide to "
    "say whether the effect is smaller, absent or the opposite.",
    ("undecided", None): "The interval lies on both sides of the threshold: these runs cannot "
    "tell whether the sentence is true.",
}
COLUMNS = {
    "claim": "Claim",
    "notebook": "Notebook",
    "verdict": "Verdict",
    "mean": "Mean",
    "low": "95 % interval",
    "threshold": "Threshold",
    "runs": "Runs",
    "origin": "Origin",
}


def read_causes(folder):
    """Return what turns each claim round.

    Parameters
    ----------
    folder : pathlib.Path
        `tools/causes`.

    Returns
    -------
    dict of str to list of dict
        By the claim's id, the changes that turn its verdict: what changes, and pairs of code.
    """
    found = {}
    for path in sorted(folder.glob("*.toml")):
        for change in tomllib.loads(path.read_text(encoding="utf-8"))["change"]:
            for claim in change["moves"]:
                found.setdefault(claim, []).append(change)
    return found


def in_words(claim):
    """Say what the verdict of a claim means. Where no mean would be no effect, it has no kind."""
    return WORDS[claim["verdict"], None if claim["no_effect"] is None else claim["kind"]]


def read_programs(path):
    """Return the names of the fifteen programs by their numbers, from tools/programs.toml."""
    questions = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
    return {one["id"]: one["name"] for question in questions for one in question["program"]}


def number_of(stem):
    """Return the number that a notebook's file begins with, such as 02b."""
    return stem.partition("_")[0]


def fence(code, language):
    """Return a block of code in Markdown."""
    return f"```{language}\n{code}\n```"


def page(claim, cell, section, title, strip, causes, cite, words):
    """Return the page of a claim.

    Parameters
    ----------
    claim : dict
        As claims.json holds it.
    cell : dict
        The code cell that made it.
    section, title : str
        Headings: of the section in which the cell stands, and of the notebook.
    strip : str
        HTML of the picture.
    causes : list of dict
        Changes that turn the verdict.
    cite : dict
        Title, version, authors, address of the course.
    words : dict of str to dict
        `METHODS` and `ORIGINS` of `helpers.evidence`, and `PROGRAMS`, names by number.

    Returns
    -------
    str
        Markdown for Sphinx.
    """
    stem, name = claim["notebook"], claim["id"]
    estimate, between, threshold = course.numbers(claim)
    verdict = course.verdict(claim)
    effect = []  # a sentence that compares a mean with a number alone is about none
    if claim["no_effect"] is not None:
        effect = [f"No effect would be\n: a mean of {course.number(claim['no_effect'])}"]
    program = "one of the course's own"
    if claim["program"] in words["PROGRAMS"]:
        name_of = f"{claim['program']} {words['PROGRAMS'][claim['program']]}"
        program = f"[{name_of}](../notebooks/fifteen_programs.md#{slug(name_of)})"
    lines = [
        "---\norphan: true\n---",
        f"# Claim: {name}",
        f"> {claim['sentence']}",
        f'<p class="claim {claim["verdict"]}"><strong class="verdict">'
        f"{html.escape(verdict.capitalize())}</strong> "
        f"{html.escape(in_words(claim))}</p>",
        strip,
        f"What is measured\n: {claim['quantity']}",
        f"Mean\n: {estimate}, over {claim['runs']} runs",
        f"{words['METHODS'][claim['method']]} of the mean\n: {between}",
        f"Threshold\n: {threshold}. {claim['why']}",
        *effect,
        f"Origin\n: {words['ORIGINS'][claim['origin']]}",
        f"Program\n: {program}",
        f"Notebook\n: [{title}](../notebooks/{stem}.ipynb), "
        f"[{section}](../notebooks/{stem}.ipynb#{slug(section)})",
        "## The cell that made it",
        f'<p><a href="../notebooks/{stem}.html#claim-{name}">Read it in the notebook.</a></p>',
        fence(as_text(cell["source"]), "python"),
        "## What turns it round",
    ]
    for change in causes:
        lines.append(f"**{change['what']}.** With this change the verdict becomes another:")
        for old, new in change["changes"]:
            parts = [
                f"{sign} {line}".rstrip()
                for sign, code in (("-", old), ("+", new))
                for line in code.strip("\n").split("\n")
            ]
            lines.append(fence("\n".join(parts), "diff"))
    number = number_of(stem)
    if causes:
        lines.append(f"`python3 course.py prove causes {number}` makes the change and looks.")
    else:
        lines.append("No cause is named for this claim.")
    lines.append(
        f"Does the verdict hang on the random numbers? `python3 course.py prove drift {number}` "
        "measures it again under other seeds, ten times."
    )
    lines += ["## How to cite it", cited(claim, verdict, cite), "[All claims](index.md)"]
    return "\n\n".join(lines) + "\n"


def cited(claim, verdict, cite):
    """Return a sentence that cites a claim, and the same for BibTeX."""
    name, address = claim["id"], ""
    if cite["address"]:
        address = f"{cite['address'].rstrip('/')}/claims/{name}.html"
    said = f"{cite['authors']}. *{cite['title']}*, version {cite['version']}. "
    said += f"Claim `{name}`: {verdict}, {claim['runs']} runs."
    entry = [
        f"@misc{{{name},",
        f"  title = {{{{{claim['sentence'].rstrip('.')}}}}},",
        f"  author = {{{{{cite['authors']}}}}},",
        f"  howpublished = {{{cite['title']}, version {cite['version']}, claim {name}}},",
        f"  note = {{{verdict.capitalize()}, {claim['runs']} runs}},".replace("%", "\\%"),
    ]
    if address:
        said += f" <{address}>"
        entry.append(f"  url = {{{address}}},")
    return said + "\n\n" + fence("\n".join([*entry, "}"]), "bibtex")


def options(claims, key):
    """Return the choices of a filter, in the order in which the claims have them."""
    return list(dict.fromkeys(claim[key] for claim in claims if claim[key]))


def index(claims, titles):
    """Return the page of all claims: a table that needs no script, and a form that needs one.

    Parameters
    ----------
    claims : list of dict
    titles : dict of str to str
        Titles of the notebooks by the stem of their files.

    Returns
    -------
    str
        Markdown for Sphinx.
    """
    filters = {"notebook": "Notebook", "verdict": "Verdict", "kind": "How it fails"}
    filters["origin"] = "Origin"
    form = ['<form id="filter" class="filter" hidden role="search" aria-label="Filter the claims">']
    form.append('<label>Words <input type="search" name="words" autocomplete="off"></label>')
    for key, label in filters.items():
        choices = "".join(
            f'<option value="{choice}">{titles.get(choice, choice)}</option>'
            for choice in options(claims, key)
        )
        form.append(
            f'<label>{label} <select name="{key}"><option value="">all</option>{choices}'
            "</select></label>"
        )
    form.append('<button type="reset">Show all</button>')
    form.append('<p role="status" id="shown"></p></form>')
    heads = "".join(
        f'<th role="columnheader" scope="col" data-key="{key}">{label}</th>'
        for key, label in COLUMNS.items()
    )
    body = "\n".join(_row(claim) for claim in claims)
    table = (
        '<table id="register" role="table"><thead role="rowgroup"><tr role="row">'
        f'{heads}</tr></thead>\n<tbody role="rowgroup">\n{body}\n</tbody></table>'
    )
    counts = {
        word: sum(c["verdict"] == word for c in claims) for word in options(claims, "verdict")
    }
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    return f"""# Register of claims

{len(claims)} claims: {told}. A claim is *supported* if the whole 95 % interval of its mean
lies at or above the threshold, *refuted* if all of it lies below, else *undecided*. The strips show
the interval beside the threshold, the line in the middle, each on a scale of its own. For programs:
<a href="../claims.json">claims.json</a>.

```{{raw}} html
{chr(10).join(form)}
{table}
```
"""


def strip(claim):
    """Draw a claim's interval beside its threshold, which stands in the middle.

    Parameters
    ----------
    claim : dict

    Returns
    -------
    str
        SVG without words: the numbers stand beside it. Each claim has a scale of its own.
    """
    away = {key: claim[key] - claim["threshold"] for key in ("low", "estimate", "high")}
    most = max(map(abs, away.values())) or 1
    low, mean, high = (round(60 + 52 * value / most, 1) for value in away.values())
    return (
        f'<svg class="strip {claim["verdict"]}" viewBox="0 0 120 16" width="120" height="16" '
        'aria-hidden="true"><path class="threshold" d="M60 0V16"/>'
        f'<path class="interval" d="M{low} 8H{high}"/><circle cx="{mean}" cy="8" r="3.5"/></svg>'
    )


def _row(claim):
    estimate, between, threshold = course.numbers(claim)
    number = number_of(claim["notebook"])
    cells = {
        "claim": f'<a href="{claim["id"]}.html">{html.escape(claim["sentence"])}</a> '
        f"<code>{claim['id']}</code>",
        "notebook": f'<a href="../notebooks/{claim["notebook"]}.html#claim-{claim["id"]}" '
        f'aria-label="Notebook {number}, where {claim["id"]} is measured">{number}</a>',
        "verdict": f'<span class="{claim["verdict"]}">{course.verdict(claim)}</span>',
        "mean": estimate,
        "low": f"{between}<br>{strip(claim)}",
        "threshold": threshold,
        "runs": claim["runs"],
        "origin": claim["origin"],
    }
    order = {"mean": "estimate", "low": "low", "threshold": "threshold", "runs": "runs"}
    made = ""
    for key, shown in cells.items():
        by = f' data-by="{claim[order[key]]}"' if key in order else ""
        made += f'<td role="cell" data-label="{COLUMNS[key]}"{by}>{shown}</td>'
    data = " ".join(
        f'data-{key}="{claim[key] or ""}"' for key in ("notebook", "verdict", "kind", "origin")
    )
    return f'<tr role="row" {data}>{made}</tr>'
