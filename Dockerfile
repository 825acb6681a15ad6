# podshift alone. It is built of the packed file, and of nothing else:
#   npm ci && npm pack && docker build -t podshift .
# or, where there is no checkout:
#   tar -xzf podshift-VERSION.tgz --strip-components=1 package/Dockerfile && docker build -t podshift .
FROM node:24.21.0-slim AS installed
COPY podshift-*.tgz /packed/
RUN npm install --global --prefix /opt/podshift --offline --omit=optional --no-audit --no-fund /packed/podshift-*.tgz

FROM node:24.21.0-slim
COPY --from=installed /opt/podshift /opt/podshift
ENV PATH=/opt/podshift/bin:$PATH XDG_STATE_HOME=/state
# The journal, which every rollback needs, outlives the container.
RUN install -d -m 0700 -o 1000 -g 1000 /state /work
VOLUME /state
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["podshift"]
CMD ["--help"]
