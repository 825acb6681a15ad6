import { migrationOptions } from '../../src/model/options.ts';
import { noCalls, type RunRecord } from '../../src/model/run.ts';

/** A run as it begins. */
export function run(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    runId: 'run-1',
    target: { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null },
    clusterArn: '',
    status: 'pending',
    reason: '',
    digest: '',
    options: migrationOptions.parse({}),
    startedAt: '2026-01-05T09:00:00.000Z',
    endedAt: null,
    approval: null,
    calls: noCalls(),
    ...changes,
  };
}
