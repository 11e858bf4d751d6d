# Launcher of a Dataflow Flex Template. Not built in CI. LAUNCHER is Google's base image for Python 3.11 templates, WORKER the worker's image.
#   docker build -f docker/Dockerfile.flex --build-arg LAUNCHER=… --build-arg WORKER=cinedub-worker:gpu -t cinedub-template .
ARG LAUNCHER
ARG WORKER=cinedub-worker:gpu
FROM ${LAUNCHER} AS launcher
FROM ${WORKER}
COPY --from=launcher /opt/google/dataflow/python_template_launcher /opt/google/dataflow/python_template_launcher
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/opt/cinedub/pipelines/launch.py PYTHONPATH=/opt/cinedub
ENTRYPOINT ["/opt/google/dataflow/python_template_launcher"]
