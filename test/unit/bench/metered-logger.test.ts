import { expect, it } from 'vitest';
import { meterLogger } from '../../../bench/metered-logger.ts';

it('counts the bytes of a line as the deployed functions write it, with what Lambda and CloudWatch add', () => {
  const { logger, meter } = meterLogger();
  logger.info('done', { runId: 'run-1' });
  const { bytes, lines } = meter;
  expect(lines).toBe(1);
  const told = JSON.stringify({ level: 'INFO', message: 'done', runId: 'run-1', service: 'podshift-prod' });
  expect(bytes).toBeGreaterThan(told.length);
  expect(bytes).toBeLessThan(told.length + 400);
  logger.error('done', { runId: 'run-1', more: 'x'.repeat(1000) });
  expect(meter.lines).toBe(2);
  expect(meter.bytes - 2 * bytes).toBeGreaterThanOrEqual(1000);
  expect(meter.bytes - 2 * bytes).toBeLessThan(1100);
});
