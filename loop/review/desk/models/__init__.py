"""A campaign's surrogate and generator as models of MLflow: plain files and code, which load anywhere alloyloop is."""
