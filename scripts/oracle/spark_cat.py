"""What Spark costs without dstok: JSON lines through `rdd.pipe("cat")` to Parquet. Runs with PySpark.

Takes the options of examples/spark/mint_tokens.py and ignores those about tokens.
"""

import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.config("spark.io.encryption.enabled", True).getOrCreate()
lines = spark.read.text(sys.argv[1], lineSep="\n").rdd.map(lambda row: row[0])
rows = lines.pipe("/bin/cat", checkCode=True).map(lambda line: (line,))
spark.createDataFrame(rows, "line string", verifySchema=False).write.parquet(sys.argv[2])
spark.stop()
