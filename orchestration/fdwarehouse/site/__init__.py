"""What a person sees in a browser: a site of files that opens from disk.

``pages/`` decides what each page shows, ``templates/`` (Jinja) how. ``assets/`` has what a browser
runs; ``vendoring/`` says where the libraries in ``assets/vendor/`` come from.
"""
