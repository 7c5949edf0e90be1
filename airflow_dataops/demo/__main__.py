"""``python -m airflow_dataops.demo``: two release environments and their kitchens, at work."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

_STARTED = time.monotonic()


def say(text: str) -> None:
    """Print one line of progress with the seconds since the start."""
    print(f"[{time.monotonic() - _STARTED:5.1f} s] {text}", flush=True)


def main() -> int:
    """Run the demo; the exit code is 0 if everything is as it should be."""
    arguments = _arguments()
    say(f"starting the demo; its state is in {arguments.home}")
    # Only now: these imports take a second, and somebody is watching.
    from airflow_dataops.demo.story import run
    from airflow_dataops.errors import DataOpsError

    # A polite kill ends the demo as Ctrl-C does, with everything stopped; and Ctrl-C does so too
    # where a shell started the demo in the background and had it ignore that.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    try:
        return run(arguments.home, weeks=arguments.weeks, stays=not arguments.once, say=say)
    except DataOpsError as error:
        say(f"the demo cannot go on: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130 if arguments.once else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m airflow_dataops.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end when the runs are finished")
    parser.add_argument(
        "--home", type=Path, default=Path(".demo"), help="folder of the demo's state (.demo)"
    )
    parser.add_argument(
        "--weeks", type=_weeks, default=6, help="weeks of data that each kitchen runs (6)"
    )
    arguments = parser.parse_args()
    arguments.home = arguments.home.absolute()
    return arguments


def _weeks(text: str) -> int:
    most = 50
    if not text.isdigit() or not 1 <= int(text) <= most:
        message = f"{text!r} weeks: the data hold a year, give 1 to {most}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
