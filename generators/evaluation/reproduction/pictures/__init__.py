"""What the papers' figures show, as numbers of trained models; `loop.review.papers` turns them into pictures."""
