# The gateway of examples/gateway, which starts dstok. Put the files of examples/gateway into the
# folder gateway beside this file.
FROM node:22-slim
COPY --from=dstok:0.1.0 /usr/bin/dstok /usr/local/bin/dstok
COPY gateway/*.mjs /srv/gateway/
USER 1000
EXPOSE 8000
ENTRYPOINT ["node", "/srv/gateway/gateway.mjs"]
