"""How the embedded base checkpoint was made: drills on random facts, captions and prose (learning-recipe.md).

It stands in for a downloaded model: it reads a passage and sees a sign. It has seen no protocol tag, no query, and no
fact of the clinic: every drill invents its facts anew, with names that no condition of the clinic carries.
"""
