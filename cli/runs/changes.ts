import type { RunState } from '../../src/model/run-state.ts';
import { runWord, unitWord } from '../../src/model/text/status-words.ts';
import { STATUS_TONES } from '../../src/report/summary.ts';
import { hang } from '../../src/report/text.ts';
import type { RunResource, UnitList } from '../../src/service/resources.ts';
import type { Terminal } from '../terminal.ts';

/** What one look at a run found: the run, its units as far as they are known, and its words where somebody made them. */
export interface RunSight {
  readonly run: RunResource;
  readonly units: UnitList['units'];
  readonly state?: RunState;
}

/** Tells on stderr what has changed since the last look at a run: a line for its status, its words, and each unit. */
export function createTelling({ palette, talk, talkColumns }: Terminal, approve: (run: RunResource) => string): (sight: RunSight) => void {
  const told = new Map<string, string>();
  const tell = (subject: string, status: string, text: string): void => {
    if (told.get(subject) === status) return;
    told.set(subject, status);
    // Commands stay in one line, so that they can be copied.
    talk(subject === 'how' ? `  ${text}` : hang(subject === '' || subject === 'approval' ? '' : '  ', text, talkColumns));
  };
  return ({ run, units, state }) => {
    const { id: runId, status, reason, approval } = run;
    tell('', `${status} ${reason}`, `run ${runId}: ${palette(STATUS_TONES[status], runWord(status))}${reason === '' ? '' : `: ${reason}`}`);
    if (approval?.status === 'waiting') {
      tell('approval', 'waiting', `the plan waits for approval until ${approval.expiresAt}:`);
      tell('how', run.digest, approve(run));
    } else if (run.endedAt === null && state !== undefined) tell('state', state.text, state.text);
    for (const unit of units) {
      const id = `${unit.namespace}/${unit.serviceAccount}`;
      // What a plan leaves as it is was told with the plan.
      if (unit.status === 'pending' || (!told.has(id) && (unit.status === 'held' || unit.reason === 'already associated'))) continue;
      tell(id, unit.status, `${id}: ${palette(STATUS_TONES[unit.status], unitWord(unit))}${unit.reason === '' ? '' : `: ${unit.reason}`}`);
    }
  };
}
