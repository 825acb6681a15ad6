import type { RunCommand } from '../context.ts';
import type { CommandName } from '../program.ts';

/** Every command, loaded when it is called: --help must not wait for the AWS SDK. */
export const commands: Readonly<Record<CommandName, () => Promise<RunCommand>>> = {
  scan: async () => (await import('./plan.ts')).scan,
  plan: async () => (await import('./plan.ts')).plan,
  capture: async () => (await import('./capture.ts')).capture,
  rehearse: async () => (await import('./rehearse.ts')).rehearse,
  demo: async () => (await import('./rehearse.ts')).demo,
  approve: async () => (await import('../service/approve.ts')).approve,
  watch: async () => (await import('../runs/watch.ts')).watch,
  run: async () => (await import('./run.ts')).run,
  retire: async () => (await import('./run.ts')).retire,
  rollback: async () => (await import('./rollback.ts')).rollback,
  status: async () => (await import('./status.ts')).status,
  report: async () => (await import('./status.ts')).report,
  export: async () => (await import('./export.ts')).exportCode,
  schedule: async () => (await import('./schedule.ts')).schedule,
  addon: async () => (await import('./addon.ts')).addon,
  fleet: async () => (await import('./fleet.ts')).fleet,
  doctor: async () => (await import('./doctor.ts')).doctor,
  explain: async () => (await import('./explain.ts')).explain,
  audit: async () => (await import('./audit.ts')).audit,
  serve: async () => (await import('./serve.ts')).serve,
  service: async () => (await import('./service.ts')).service,
  config: async () => (await import('./config.ts')).config,
  completion: async () => (await import('./completion.ts')).completion,
  twin: async () => (await import('./twin.ts')).twin,
};
