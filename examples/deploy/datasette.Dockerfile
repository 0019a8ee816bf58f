# Datasette, which takes its secret from a file. Its data is in /data.
FROM python:3.13-slim
RUN pip install --no-cache-dir datasette==1.0a41
USER 10001
EXPOSE 8001
CMD ["sh", "-c", "DATASETTE_SECRET=\"$(cat \"$SECRET_FILE\")\" exec datasette serve /data/garden.db --create --host 0.0.0.0 --port 8001"]
