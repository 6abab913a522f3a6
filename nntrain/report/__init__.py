"""The report on one run: all that can be said of it on one page, gathered from its files, data and experiments.

``drawing`` makes the page. Knows nothing of terminals.
"""

from nntrain.report.run_page import make_report, write_report

__all__ = ["make_report", "write_report"]
