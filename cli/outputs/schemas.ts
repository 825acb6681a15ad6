import { z } from 'zod';
import { auditFile, auditVerdict } from '../../src/model/audit/record.ts';
import { fleetList, fleetReport } from '../../src/model/fleet-report.ts';
import { planComparison } from '../../src/model/plan-files/comparison.ts';
import { planFile } from '../../src/model/plan-files/file.ts';
import { planReport, runReport, scanReport } from '../../src/model/report.ts';
import { pageLink } from '../../src/service/resources.ts';
import { configReport } from '../settings/report.ts';
import { doctorReport } from './doctor.ts';
import { explanations } from './explanations.ts';
import { exportAnswer } from './export.ts';
import {
  addonPermissions,
  captureRecord,
  fleetStart,
  listedRuns,
  rollbackPlan,
  scheduleDefinition,
  scheduleList,
  serveEndpoint,
  statusLine,
  twinEndpoints,
} from './shapes.ts';

/** One kind of JSON that podshift prints or writes. */
export interface Output {
  /** What it is, and what prints it, for whoever reads the schema alone. */
  readonly description: string;
  readonly schema: z.ZodType;
  /** The commands that print it, as they are typed: `plan`, `fleet plan`. */
  readonly commands: readonly string[];
}

/**
 * Everything that podshift prints with `-o json`, and the JSON that it prints or writes otherwise, by the name of its file in
 * docs/schemas. The files are made from it; tests keep them in step and hold what the commands print to them.
 */
export const OUTPUTS = {
  scan: { description: 'Who gets which role today, and what stands in the way', schema: scanReport, commands: ['scan'] },
  plan: {
    description: 'What a run would do. A deployed service answers with a run-report instead',
    schema: planReport,
    commands: ['plan', 'run', 'retire'],
  },
  'plan-comparison': { description: 'What changed since a plan was kept (--compare)', schema: planComparison, commands: ['plan'] },
  'plan-file': { description: 'A plan that was kept in a file (--out)', schema: planFile, commands: ['plan'] },
  'run-report': {
    description: 'A run: how it stands, or how it ended',
    schema: runReport,
    commands: ['rehearse', 'demo', 'run', 'retire', 'status', 'report', 'watch', 'approve', 'rollback'],
  },
  'page-link': { description: 'A link that opens the page of a run (--link)', schema: pageLink, commands: ['report'] },
  'run-list': { description: 'The runs of a journal or of a service', schema: listedRuns, commands: ['status'] },
  'status-line': { description: 'How a run stands: one line for each change (--watch)', schema: statusLine, commands: ['status'] },
  'rollback-plan': { description: 'What a rollback would undo', schema: rollbackPlan, commands: ['rollback'] },
  schedule: {
    description: 'A schedule, as EventBridge Scheduler takes it (CreateSchedule), its Target.Input as an object',
    schema: scheduleDefinition,
    commands: ['schedule create'],
  },
  'schedule-list': { description: 'The schedules of a deployed service', schema: scheduleList, commands: ['schedule list'] },
  'addon-permissions': {
    description: 'What a version of an EKS add-on needs of IAM',
    schema: addonPermissions,
    commands: ['addon permissions'],
  },
  'fleet-report': {
    description: 'A fleet: what it would do, how it stands, or how it ended',
    schema: fleetReport,
    commands: ['fleet plan', 'fleet run', 'fleet status', 'fleet rehearse'],
  },
  'fleet-list': { description: 'The fleets of a journal', schema: fleetList, commands: ['fleet status'] },
  'fleet-start': {
    description: 'What a deployed service was asked to begin with (--service), whatever -o says',
    schema: fleetStart,
    commands: ['fleet plan', 'fleet run'],
  },
  doctor: { description: 'What a run will need, and whether it is there', schema: doctorReport, commands: ['doctor'] },
  explanations: { description: 'Findings and errors as their pages explain them', schema: explanations, commands: ['explain'] },
  audit: { description: 'The record of a run, chained by hashes (docs/audit.md)', schema: auditFile, commands: ['audit'] },
  'audit-verdict': { description: 'Whether a record is as podshift wrote it (--verify)', schema: auditVerdict, commands: ['audit'] },
  config: { description: 'What is set for all commands, and where each value is from', schema: configReport, commands: ['config'] },
  export: { description: 'The code that was written, and where', schema: exportAnswer, commands: ['export'] },
  twin: { description: 'The one line of stdout: where the twin serves', schema: twinEndpoints, commands: ['twin'] },
  serve: { description: 'The one line of stdout: where the API serves', schema: serveEndpoint, commands: ['serve'] },
  capture: { description: 'The file capture.json of a snapshot that podshift took', schema: captureRecord, commands: ['capture'] },
} as const satisfies Record<string, Output>;

/** The name of an output, and of its file in docs/schemas without the ending. */
export type OutputName = keyof typeof OUTPUTS;

/** The JSON Schema (2020-12) of an output, as its file in docs/schemas has it. The same code gives the same document. */
export function outputSchema(name: OutputName): Record<string, unknown> {
  const { description, schema, commands }: Output = OUTPUTS[name];
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'output', reused: 'inline', override: withoutNoise });
  return {
    $schema,
    $id: `urn:podshift:schema:${name}`,
    title: name,
    ...rest,
    description: `${description}. Printed or written by: ${commands.map((command) => `podshift ${command}`).join(', ')}.`,
  };
}

/** The bounds of JavaScript's integers are no bounds of an output. */
function withoutNoise({ jsonSchema: schema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}
