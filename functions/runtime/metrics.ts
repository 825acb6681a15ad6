import { Metrics as PowertoolsMetrics } from '@aws-lambda-powertools/metrics';
import type { ConnectionSettings } from '../../src/aws/connections.ts';
import { METRIC_NAMESPACE, METRICS, type Metrics } from '../../src/model/metrics.ts';
import { lambdaEnvironment, readEnvironment } from './lambda.ts';

/** Data points as lines of the embedded metric format, one each. Throws `InvalidInput` for a wrong environment. */
export function createMetrics(environment: Record<string, string | undefined>): Metrics {
  const { POWERTOOLS_SERVICE_NAME: service } = readEnvironment(lambdaEnvironment, environment);
  const metrics = new PowertoolsMetrics({ namespace: METRIC_NAMESPACE, serviceName: service, defaultDimensions: { service } });
  return {
    add: ({ name, value, dimensions }) => {
      const single = metrics.singleMetric();
      for (const [dimension, text] of Object.entries(dimensions)) single.addDimension(dimension, text);
      single.addMetric(name, METRICS[name].unit, value);
    },
  };
}

/** What connections tell of throttled requests, as a metric. */
export function throttleMetric(environment: Record<string, string | undefined>): Pick<ConnectionSettings, 'onThrottle'> {
  const metrics = createMetrics(environment);
  return { onThrottle: (api) => metrics.add({ name: 'Throttles', value: 1, dimensions: { api } }) };
}
