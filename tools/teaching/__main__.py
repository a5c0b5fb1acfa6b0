"""What `python3 course.py class` runs in the course's environment."""

import argparse

from tools.teaching import kit, pages


def main():
    """Run the command that is named first."""
    parser = argparse.ArgumentParser(prog="course.py class", description="What a teacher needs.")
    commands = parser.add_subparsers(required=True, metavar="check | pages | slides | kit")
    commands.add_parser("check", help="say whether this computer will do, in one page")
    pages.add_command(commands, "pages", "write plans, notes, handouts, questions and slides")
    pages.add_command(commands, "slides", "write the slides of each core")
    kit.add_command(commands)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
