import { json, readClaim, readRequest, readToken } from './items.ts';
import type { Journal } from './journal.ts';
import { claimKeyOf, requestKey, tokenKey } from './layout.ts';
import { ABSENT, PRESENT, type Table } from './table.ts';

/** The journal's part in which the first of many writers stays: idempotency keys, requests, and answers to task tokens. */
export function createFirstCome(
  table: Table,
): Pick<Journal, 'claimKey' | 'noteRequest' | 'getRequest' | 'putTaskToken' | 'answerTaskToken' | 'getTaskAnswer' | 'forgetTaskToken'> {
  return {
    claimKey: async (key, { runId, fingerprint }) => {
      const item = { ...claimKeyOf(key), runId, fingerprint };
      if (await table.put(item, ABSENT)) return readClaim(item);
      // No claim is ever taken back, so the one that was in the way is there.
      return readClaim((await table.get(claimKeyOf(key))) ?? {});
    },
    noteRequest: async (runId, request) => {
      const item = { ...requestKey(runId), requester: json(request.requester), fingerprint: request.fingerprint };
      if (await table.put(item, ABSENT)) return request;
      // No request is ever taken back, so the one that was in the way is there.
      return readRequest((await table.get(requestKey(runId))) ?? {});
    },
    getRequest: async (runId) => {
      const item = await table.get(requestKey(runId));
      return item === undefined ? undefined : readRequest(item);
    },
    putTaskToken: async (runId, token) => {
      await table.put({ ...tokenKey(runId), token });
    },
    answerTaskToken: async (runId, answer) => {
      const item = await table.update(tokenKey(runId), { setOnce: [[['answer'], json(answer)]] }, PRESENT);
      if (item === undefined) return undefined;
      const noted = readToken(item);
      return { token: noted.token, answer: noted.answer ?? answer };
    },
    getTaskAnswer: async (runId) => {
      const item = await table.get(tokenKey(runId));
      return item === undefined ? undefined : readToken(item).answer;
    },
    forgetTaskToken: async (runId) => {
      await table.remove(tokenKey(runId));
    },
  };
}
