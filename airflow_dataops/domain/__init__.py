"""What things are: facts and rules about kitchens, pipelines and data tests, without any I/O."""
