"""The simulated clinic: an invented world with images, documents and questions, the embedded default's data.

Every disease, drug and complication in it is made up. The world is compositional: an image shows one sign, a texture
at a location in a shape; in one imaging modality a sign means one condition; only the documents say which, and what
to do about it. A model that answers must look at the image and ask the knowledge base.
"""
