"""From a SELECT to the SQL that keeps its table up to date: pure functions, no database.

A definition is read (`header`, `canonical`), analysed (`joins`, `shape`), differentiated (`delta`,
`restrict`, `before`) and written as one statement (`printing`, `statement`). `plan` is the entry.
"""
