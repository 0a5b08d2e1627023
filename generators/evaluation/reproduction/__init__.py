"""Published generators of refractory alloys, rebuilt as their papers describe them and measured as they were.

References:
    Debnath, A. et al. (2021). Generative deep learning as a tool for inverse design of high entropy refractory alloys.
        J. Mater. Inf. 1, 3.
    Tung, Y. C., Debnath, A. & Reinhart, W. F. (2022). Evaluating generative models for inverse design of high-entropy
        refractory alloys.
"""
