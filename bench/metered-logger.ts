import { createLogger } from '../functions/runtime/lambda.ts';
import type { Logger } from '../src/migration/runtime.ts';

/** What of a function's log CloudWatch would take. */
export interface LogMeter {
  bytes: number;
  lines: number;
}

/** CloudWatch counts so many bytes of each line besides its text (Amazon CloudWatch pricing, "logs"). */
const LINE_OVERHEAD = 26;
/** What Lambda puts on each line of a function, beside what a step gives. */
const OF_LAMBDA = { function: 'podshift-prod-proveCredentials', requestId: '00000000-0000-4000-8000-000000000000' };

/** The logger of the deployed functions, whose lines are counted as they leave it and go nowhere. */
export function meterLogger(): { readonly logger: Logger; readonly meter: LogMeter } {
  process.env._X_AMZN_TRACE_ID = 'Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=1';
  const meter: LogMeter = { bytes: 0, lines: 0 };
  const logger = createLogger({ LOG_LEVEL: 'INFO', POWERTOOLS_SERVICE_NAME: 'podshift-prod' });
  const count = (chunk: string | Uint8Array): boolean => {
    meter.bytes += Buffer.byteLength(chunk) + LINE_OVERHEAD;
    meter.lines += 1;
    return true;
  };
  const counted =
    (level: keyof Logger): Logger['info'] =>
    (message, fields) => {
      const { stdout, stderr } = process;
      const [out, error] = [stdout.write, stderr.write];
      // The logger writes at once, so that nothing else's output is taken for its own.
      stdout.write = count as typeof stdout.write;
      stderr.write = count as typeof stderr.write;
      try {
        logger[level](message, { ...OF_LAMBDA, ...fields });
      } finally {
        stdout.write = out;
        stderr.write = error;
      }
    };
  return { meter, logger: { info: counted('info'), warn: counted('warn'), error: counted('error') } };
}
