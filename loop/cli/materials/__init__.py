"""``alloyloop materials``: one table of what is known of materials, above all campaigns."""
