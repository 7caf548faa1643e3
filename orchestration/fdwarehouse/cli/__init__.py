"""The command `fdwarehouse`: one module per group of commands. It is imported by nothing."""
