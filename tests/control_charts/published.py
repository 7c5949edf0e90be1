"""Worked examples from the literature, each with its source."""

from __future__ import annotations

import json
from pathlib import Path

EXAMPLES = json.loads((Path(__file__).parent / "published_examples.json").read_text())
