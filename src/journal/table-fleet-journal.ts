import pLimit from 'p-limit';
import { PodshiftError } from '../model/errors.ts';
import { JOURNAL_VERSION } from '../model/run.ts';
import { readFleet, readMember, readPlace, writeMember } from './fleet-items.ts';
import type { FleetJournal } from './fleet-journal.ts';
import { checkVersion, json } from './items.ts';
import { FLEETS, fleetIndexKey, fleetKey, fleetPartition, type Key, memberKey, placeKey } from './layout.ts';
import { ABSENT, changesOf, type Item, isEmpty, PRESENT, type Table, type Update } from './table.ts';

/** Requests under way at once where many items are written. */
const CONCURRENCY = 16;

/** The journal's fleets, in the same table as its runs. */
export function createFleetJournal(table: Table): FleetJournal {
  const getFleetItem = async (fleetId: string): Promise<Item> => {
    const item = await table.get(fleetKey(fleetId));
    if (item === undefined) {
      throw new PodshiftError('FleetNotFound', `there is no fleet ${fleetId} in this journal`);
    }
    return checkVersion(item, `fleet ${fleetId}`);
  };

  /** Changes an item that must be there; without changes it is read. */
  const change = async (key: Key, update: Update, what: string, fleetId: string): Promise<Item> => {
    const item = isEmpty(update) ? await table.get(key) : await table.update(key, update, PRESENT);
    if (item === undefined) {
      throw new PodshiftError('NotFound', `there is no ${what} in fleet ${fleetId}`);
    }
    return item;
  };

  const createAll = async (items: readonly (Key & Item)[]): Promise<void> => {
    const limit = pLimit(CONCURRENCY);
    await Promise.all(items.map((item) => limit(() => table.put(item, ABSENT))));
  };

  return {
    createFleet: async ({ fleetId, spec, ...fleet }) => {
      const item = {
        ...fleetKey(fleetId),
        schemaVersion: JOURNAL_VERSION,
        fleetId,
        ...fleet,
        spec: json(spec),
        status: 'running',
        reason: '',
        halted: '',
        digest: '',
        canary: '',
        endedAt: null,
      };
      const created = readFleet((await table.put(item, ABSENT)) ? item : await getFleetItem(fleetId));
      // After the fleet itself and by its own start, as the list of runs is.
      await table.put({ ...fleetIndexKey(created.startedAt, fleetId), fleetId });
      return created;
    },
    getFleet: async (fleetId) => readFleet(await getFleetItem(fleetId)),
    updateFleet: async (fleetId, changes) => {
      const update = { set: changesOf(changes) };
      const condition = { kind: 'at-most', attribute: 'schemaVersion', value: JOURNAL_VERSION } as const;
      const item = isEmpty(update) ? undefined : await table.update(fleetKey(fleetId), update, condition);
      return readFleet(item ?? (await getFleetItem(fleetId)));
    },
    listFleets: async () => {
      const index = await table.query(FLEETS, '', 'descending');
      const limit = pLimit(CONCURRENCY);
      const items = await Promise.all(index.map(({ fleetId }) => limit(() => table.get(fleetKey(String(fleetId))))));
      return items.flatMap((item) => (item === undefined ? [] : [readFleet(checkVersion(item, `fleet ${item.fleetId}`))]));
    },

    putPlaces: (places) => createAll(places.map((place) => ({ ...placeKey(place.fleetId, place.placeId), ...place }))),
    getPlace: async (fleetId, placeId) => readPlace(await change(placeKey(fleetId, placeId), {}, `place ${placeId}`, fleetId)),
    listPlaces: async (fleetId) => (await table.query(fleetPartition(fleetId), 'PLACE#')).map(readPlace),
    updatePlace: async (fleetId, placeId, changes) =>
      readPlace(await change(placeKey(fleetId, placeId), { set: changesOf(changes) }, `place ${placeId}`, fleetId)),

    putMembers: (members) =>
      createAll(members.map((member) => ({ ...memberKey(member.fleetId, member.clusterArn), ...writeMember(member) }))),
    getMember: async (fleetId, clusterArn) =>
      readMember(await change(memberKey(fleetId, clusterArn), {}, `cluster ${clusterArn}`, fleetId)),
    listMembers: async (fleetId) => (await table.query(fleetPartition(fleetId), 'MEMBER#')).map(readMember),
    updateMember: async (fleetId, clusterArn, { startedAt = {}, units, ...changes }) => {
      const counted = units === undefined ? {} : { units: json(units) };
      const update = { set: changesOf({ ...changes, ...counted }), setOnce: changesOf(startedAt, 'startedAt') };
      return readMember(await change(memberKey(fleetId, clusterArn), update, `cluster ${clusterArn}`, fleetId));
    },
  };
}
