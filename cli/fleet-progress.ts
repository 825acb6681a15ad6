import type { Journal } from '../src/journal/journal.ts';
import type { Clock } from '../src/model/clock.ts';
import type { MemberRecord } from '../src/model/fleet.ts';
import { runWord } from '../src/model/text/status-words.ts';
import { hang } from '../src/report/text.ts';
import { offset, overlay } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** The same journal, with a line of talk for each change of a fleet's places and clusters. What their runs do is their reports' to tell. */
export function narrateFleet(journal: Journal, clock: Clock, terminal: Terminal): Journal {
  const started = clock.now();
  const seen = new Set<string>();
  const { palette } = terminal;
  const say = (text: string): void => {
    if (seen.has(text)) return;
    seen.add(text);
    const time = offset(clock.now() - started);
    terminal.talk(hang(`${time}  `, text, terminal.talkColumns).replace(time, palette('faint', time)));
  };
  return overlay(journal, {
    async updatePlace(fleetId, placeId, changes) {
      const place = await journal.updatePlace(fleetId, placeId, changes);
      const where = `${place.account} in ${place.region}`;
      say(place.status === 'refused' ? `${where}: ${palette('warn', 'refused')}: ${place.reason}` : `${where}: ${place.clusters} clusters`);
      return place;
    },
    async updateMember(fleetId, clusterArn, changes) {
      const member = await journal.updateMember(fleetId, clusterArn, changes);
      if (changes.status !== undefined) say(`${member.target.clusterName} (${member.target.region}): ${describe(member)}`);
      return member;
    },
    async updateFleet(fleetId, changes) {
      const fleet = await journal.updateFleet(fleetId, changes);
      if (changes.canary !== undefined && fleet.canary !== '') say(`the canary is ${fleet.canary}`);
      if (changes.halted !== undefined) say(`${palette('bad', 'halted')}: ${fleet.halted}`);
      if (changes.status !== undefined) say(`fleet ${fleetId}: ${runWord(fleet.status)}${fleet.reason === '' ? '' : `: ${fleet.reason}`}`);
      return fleet;
    },
  });
}

function describe({ status, units, reason, wave }: MemberRecord): string {
  if (status === 'planned') return `planned, ${units?.pending ?? 0} to migrate`;
  if (status === 'running') return wave === 0 ? 'running, as the canary' : `running, in wave ${(wave ?? 0) + 1}`;
  return `${runWord(status)}${reason === '' ? '' : `: ${reason}`}`;
}
