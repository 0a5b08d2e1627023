"""Pages in a browser: how quick they are with many results, and pictures of them for the documentation."""
