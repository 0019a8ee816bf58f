"""Print the rows of Parquet folders as JSON lines, each with the number of its folder. Runs with PySpark."""

import json
import sys

from pyspark.sql import SparkSession

spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", False)
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .getOrCreate()
)
for number, folder in enumerate(sys.argv[1:]):
    for row in spark.read.parquet(folder).collect():
        print(json.dumps([number, *row]))
spark.stop()
