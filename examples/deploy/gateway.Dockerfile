# The gateway of examples/gateway, which starts dstok. Put the program dstok for Linux with musl
# beside this file, and the files of examples/gateway into the folder gateway.
FROM node:22-slim
COPY dstok /usr/local/bin/dstok
COPY gateway/*.mjs /srv/gateway/
USER 1000
EXPOSE 8000
ENTRYPOINT ["node", "/srv/gateway/gateway.mjs"]
