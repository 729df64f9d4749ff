"""One HTML page that shows a run, and what the files in a run's folder are called."""

from spikeloom.report.documents import (
    ENERGY,
    FRONT,
    NEURONS,
    REPORT,
    SYNTHESIS,
    VERIFICATION,
    Document,
    Run,
    read_run,
    write_whole,
)
from spikeloom.report.page import render, write_report

__all__ = ["ENERGY", "FRONT", "NEURONS", "REPORT", "SYNTHESIS", "VERIFICATION", "Document", "Run",
           "read_run", "render", "write_report", "write_whole"]
