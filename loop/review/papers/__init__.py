"""The papers' figures drawn again, beside what the papers print, on one page."""
