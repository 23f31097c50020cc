"""Closes the loop over complaints with known labels: `python benchmarks/closed_loop.py DATA.csv`.

DATA has the columns id, grievance and one per label task, with true labels. A quarter of the
complaints is the corpus of the first model; the others come cycle by cycle, the deployed model
answers them, officials correct 60 % of its errors, audit 50 and label 30 disagreements, and the
rules of the lane prepare, train, judge and deploy. A third of the data only measures.
"""

import sys
from pathlib import Path

import typer

if __name__ == "__main__":
    # Started as a file, Python looks for modules beside this file only.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from benchmarks.loop_program import main

    typer.run(main)
