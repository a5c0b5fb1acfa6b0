"""Stage the pages of the site under build/: from the notebooks as stored, nothing is run.

Standard library alone. `python3 site/stage.py --addresses` adds the pages that are new to
site/addresses.txt, which lists every address ever published.
"""

import html
import json
import posixpath
import re
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))  # for course.py

from cells import (  # noqa: E402
    FURTHER,
    Site,
    as_text,
    constant,
    exercises_of,
    markdown,
    read_terms,
    staged,
)  # fmt: skip
from register import index, page, read_causes, read_programs  # noqa: E402

import course  # noqa: E402

SYMPTOMS = "From a symptom to a notebook"


def settings(root):
    """Return the repository's address and the site's, each empty while unset."""
    return tomllib.loads((root / "site" / "settings.toml").read_text(encoding="utf-8"))


def citation(root):
    """Return what CITATION.cff says, and where the site is published.

    Parameters
    ----------
    root : pathlib.Path

    Returns
    -------
    dict of str to str
        Title, version, authors, address.
    """
    text = (root / "CITATION.cff").read_text(encoding="utf-8")
    found = {
        key: re.search(rf"^{key}: *\"?(.+?)\"?$", text, re.MULTILINE)[1]
        for key in ("title", "version")
    }
    authors = [name.strip('" ') for name in re.findall(r"^ +- name: *(.+)$", text, re.MULTILINE)]
    return {**found, "authors": ", ".join(authors), "address": settings(root)["address"]}


def sections(cells):
    """Say under which heading each cell stands.

    Parameters
    ----------
    cells : list of dict

    Returns
    -------
    dict of str to str
        The heading by the cell's id.
    """
    heading, found = "", {}
    for cell in cells:
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^#+ (.+)$", as_text(cell["source"]), re.MULTILINE)
            heading = (headings or [heading])[-1]
        found[cell.get("id")] = heading
    return found


def run_links(stem, repository):
    """Return links that open a notebook where it runs; nothing while no repository is set."""
    if not repository:
        return ""
    path = f"notebooks/{stem}.ipynb"
    name = re.sub(r"^https://github\.com/", "", repository.rstrip("/"))
    places = {
        "Binder": f"https://mybinder.org/v2/gh/{name}/HEAD?urlpath=lab/tree/{path}",
        "Codespaces": f"https://codespaces.new/{name}",
        "the file": f"https://github.com/{name}/blob/HEAD/{path}",
    }
    links = " · ".join(f"[{place}]({address})" for place, address in places.items())
    return f"Run this notebook: {links}, or on your computer with `python3 course.py lab`."


class Stage:
    """One staging of the whole course.

    Parameters
    ----------
    root : pathlib.Path
        The course.
    out : pathlib.Path
        Folder for the pages; what is in it goes.
    """

    def __init__(self, root, out):
        self.root, self.out = root, out
        shutil.rmtree(out, ignore_errors=True)
        for folder in ("notebooks", "claims", "extra"):
            (out / folder).mkdir(parents=True)
        self.notes = root / "notebooks"
        self.paths = sorted(self.notes.glob("[0-9]*.ipynb"))
        self.claims = course.read_claims(root)
        glossary = (self.notes / "glossary.md").read_text(encoding="utf-8")
        known = {claim["id"]: claim for claim in self.claims}
        self.site = Site(root, out, known, read_terms(glossary))
        self.cells = {
            path.stem: json.loads(path.read_text(encoding="utf-8"))["cells"] for path in self.paths
        }
        self.titles = {
            stem: as_text(cells[0]["source"]).partition("\n")[0].lstrip("# ")
            for stem, cells in self.cells.items()
        }
        self.programs = read_programs(root / "tools" / "programs.toml")
        self.settings, self.cite = settings(root), citation(root)

    def write(self, name, text):
        """Write one staged page."""
        (self.out / name).write_text(text, encoding="utf-8", newline="\n")

    def template(self, name):
        """Read a text of `site/` that has places to be filled."""
        return (self.root / "site" / name).read_text(encoding="utf-8")

    def all(self):
        """Stage every page."""
        self.notebooks()
        self.register()
        self.symptoms()
        self.exercises()
        self.teaching(self.root / "class")
        self.citing()
        self.front()
        shutil.copy(self.root / "claims.json", self.out / "extra")
        self.redirects()

    def notebooks(self):
        """Stage the notebooks, the glossary, the fifteen programs and their list."""
        for path in self.paths:
            top = run_links(path.stem, self.settings["repository"])
            notebook = staged(path, self.site, top)
            self.write(f"notebooks/{path.name}", json.dumps(notebook, ensure_ascii=False))
        for path in self.notes.glob("*.md"):
            self.write(f"notebooks/{path.name}", markdown(path.read_text("utf-8"), self.site))
        lines = ["# Notebooks", "The core of a notebook takes half an hour and stands first."]
        for stem, cells in self.cells.items():
            first = as_text(cells[0]["source"])
            asked = re.findall(r"^> (.+(?:\n> .+)*)", first, re.MULTILINE)
            time = re.search(r"\*\*Time:\*\* (.+)", first)[1]
            count = sum(claim["notebook"] == stem for claim in self.claims)
            told = f"{time} {count} claim{'s' * (count != 1)}."
            quoted = "\n".join(f"> {line}" for line in asked[:1])
            lines += [f"## [{self.titles[stem]}]({stem}.ipynb)", quoted, told]
        names = [*(path.stem for path in self.paths), "fifteen_programs", "glossary"]
        lines.append("## To look things up")
        lines.append("[The fifteen programs](fifteen_programs.md) · [Glossary](glossary.md)")
        self.write("notebooks/index.md", "\n\n".join([*lines, toctree(names)]))

    def register(self):
        """Stage the table of the claims, and a page for each."""
        causes = read_causes(self.root / "tools" / "causes")
        evidence = self.root / "helpers" / "evidence.py"
        words = {name: constant(evidence, name) for name in ("METHODS", "ORIGINS")}
        words["PROGRAMS"] = self.programs
        for claim in self.claims:
            cells = self.cells[claim["notebook"]]
            cell = next(cell for cell in cells if cell.get("id") == claim["cell"])
            text = page(
                claim, cell, sections(cells)[cell["id"]], self.titles[claim["notebook"]],
                self.site.figures[claim["id"]], causes.get(claim["id"], []), self.cite, words,
            )  # fmt: skip
            self.write(f"claims/{claim['id']}.md", text)
        self.write("claims/index.md", index(self.claims, self.titles))

    def symptoms(self):
        """Stage the way from a symptom to a section: the table of notebook 00."""
        first = next(iter(self.cells.values()))
        source = next(
            text for cell in first if (text := as_text(cell["source"])).startswith(f"## {SYMPTOMS}")
        )
        table = "\n".join(re.findall(r"^\|.*$", source, re.MULTILINE))
        table = re.sub(r"\]\((\w+\.ipynb)", r"](notebooks/\1", markdown(table, self.site))
        text = (
            "# From a symptom to a section\n\nWhat do you see in your own training? Find it on the "
            f"left; the section on the right shows what may cause it, measured.\n\n{table}\n"
        )
        self.write("symptoms.md", text)

    def exercises(self):
        """Stage the list of the exercises."""
        lines = ["# Exercises", "Each stands where its skill is taught, with hints and a solution"]
        lines[-1] += " folded below it. In JupyterLab a cell checks your answer."
        for stem, cells in self.cells.items():
            found = exercises_of(cells)
            if found:
                lines.append(f"## [{self.titles[stem]}](notebooks/{stem}.ipynb)")
                lines.append("\n".join(self._exercise(stem, cells, *one) for one in found))
        self.write("exercises.md", "\n\n".join(lines) + "\n")

    def _exercise(self, stem, cells, place, name, _, title):
        tags = cells[place]["metadata"]["tags"]
        about = [FURTHER.lower()] * ("further" in tags) + ["a decision"] * ("decision" in tags)
        note = f" ({', '.join(about)})" if about else ""
        return f'- <a href="notebooks/{stem}.html#exercise-{name}">{html.escape(title)}</a>{note}'

    def teaching(self, folder):
        """Stage the plans and notes for teachers, if there are any.

        Parameters
        ----------
        folder : pathlib.Path
            Its Markdown files, one folder below, are the pages. A link of theirs to what is no
            page of the site becomes plain text.
        """
        names = sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*.md"))
        if not names:
            return
        lines = ["# Teaching", "Plans of the hour, and notes on each notebook."]
        for part in dict.fromkeys(name.partition("/")[0] for name in names):
            lines.append(f"## {part.capitalize()}")
            inside = [name for name in names if name.startswith(f"{part}/")]
            lines.append("\n".join(f"- [](class/{name})" for name in inside))
            (self.out / "class" / part).mkdir(parents=True)
        pages = {f"class/{name}" for name in names}
        pages |= {path.relative_to(self.out).as_posix() for path in self.out.rglob("*.*")}
        for name in names:
            text = markdown((folder / name).read_text("utf-8"), self.site, up="../../")
            self.write(f"class/{name}", without_strays(text, f"class/{name}", pages))
        lines.append(toctree([f"class/{name}".removesuffix(".md") for name in names]))
        self.write("teaching.md", "\n\n".join(lines))

    def citing(self):
        """Stage how to cite the course, with the file that programs read."""
        text = (self.root / "CITATION.cff").read_text(encoding="utf-8")
        cite = self.cite
        said = f"{cite['authors']}. *{cite['title']}*, version {cite['version']}."
        said += f" <{cite['address']}>" if cite["address"] else ""
        self.write("cite.md", self.template("cite.md").format(said=said, file=text.strip()))

    def front(self):
        """Stage the front page, with its quiz."""
        known = self.site.claims
        chosen = constant(self.root / "tools" / "store_notebooks.py", "SURPRISING")
        cards = "\n".join(self._question(known[name]) for name in chosen if name in known)
        names = ["notebooks/index", "symptoms", "claims/index", "exercises", "teaching", "cite"]
        names = [name for name in names if (self.out / f"{name}.md").exists()]
        text = self.template("front.md").format(
            title=self.cite["title"], cards=cards, picture=self._shown(self._readme_picture()),
            count=len(known), notebooks=len(self.paths), toctree=toctree(names),
        )  # fmt: skip
        self.write("index.md", text)

    def _readme_picture(self):
        return next(
            f"{stem}/{cell['id']}"
            for stem, cells in self.cells.items()
            for cell in cells
            if "readme-picture" in cell["metadata"].get("tags", [])
        )

    def _shown(self, name):
        return self.site.figures[name].replace("../figures/", "figures/")

    def _question(self, claim):
        about = self.programs.get(claim["program"], "")
        return (
            f'<li class="question" data-verdict="{claim["verdict"]}">'
            f'<p class="about">{html.escape(about)}</p>'
            f'<p class="sentence">{html.escape(claim["sentence"])}</p>'
            f'<details><summary>Measured</summary><p><strong class="verdict {claim["verdict"]}">'
            f"{course.verdict(claim).capitalize()}</strong> "
            f'<a href="claims/{claim["id"]}.html">Why, and how sure that is</a></p>'
            f"{self._shown(claim['id'])}</details></li>"
        )

    def addresses(self):
        """Return the addresses of all staged pages, in order."""
        pages = [p.relative_to(self.out) for k in ("md", "ipynb") for p in self.out.rglob(f"*.{k}")]
        return sorted(path.with_suffix(".html").as_posix() for path in pages)

    def redirects(self):
        """Write a page for each address that has moved.

        Raises
        ------
        ValueError
            An address that was published leads nowhere.
        """
        known = set(self.addresses())
        for old, new in published(self.root).items():
            if (new or old) not in known:
                raise ValueError(
                    f"{old} was published and leads nowhere: write '{old} -> NEW ADDRESS' in "
                    "site/addresses.txt"
                )
            if new:
                up = "../" * old.count("/")
                path = self.out / "extra" / old
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(MOVED.format(to=up + new), encoding="utf-8")


def without_strays(text, name, pages):
    """Turn the links of a page that lead to no page of the site into plain text.

    Parameters
    ----------
    text : str
        Markdown.
    name : str
        The page's own path from the front page's folder.
    pages : set of str
        Paths of all staged pages.

    Returns
    -------
    str
    """

    def kept(match):
        path = match[2].partition("#")[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        return match[0] if ":" in path or not path or target in pages else match[1]

    return re.sub(r"\[([^\]]*)\]\(([^)\s]+)\)", kept, text)


def toctree(names):
    """Return the list of pages from which Sphinx makes its menus."""
    return "```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```\n"


def published(root):
    """Return site/addresses.txt: by each address ever published, where it moved, or None."""
    lines = (root / "site" / "addresses.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(" -> ") for line in lines if line and not line.startswith("#"))
    return {old: new or None for old, _, new in pairs}


MOVED = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Moved</title>
<meta http-equiv="refresh" content="0; url={to}"></head>
<body><p>This page has moved: <a href="{to}">read it here</a>.</p></body></html>
"""


def main():
    """Add new pages to the list of addresses."""
    if sys.argv[1:] != ["--addresses"]:
        sys.exit(__doc__)
    listed = published(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(ROOT, Path(folder) / "pages")
        stage.all()
        new = [address for address in stage.addresses() if address not in listed]
    with (ROOT / "site" / "addresses.txt").open("a", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{address}\n" for address in new)
    print(f"{len(new)} new addresses")


if __name__ == "__main__":
    main()
