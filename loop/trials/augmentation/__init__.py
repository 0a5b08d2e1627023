"""Does a surrogate learn more where data are made up beside the measured ones?"""
