import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  paginateListSchedules,
  type SchedulerClient,
} from '@aws-sdk/client-scheduler';
import type { ListedSchedule, Schedules } from '../service/schedules.ts';
import { awsCall } from './errors.ts';

/** The gateway to EventBridge Scheduler over its SDK client. */
export function createSchedules(client: SchedulerClient): Schedules {
  const call = <T>(operation: string, send: () => Promise<T>): Promise<T> => awsCall({ service: 'scheduler', operation }, send);
  const details = async (GroupName: string, Name: string): Promise<ListedSchedule> => {
    const found = await call('GetSchedule', () => client.send(new GetScheduleCommand({ GroupName, Name })));
    return {
      name: Name,
      state: found.State ?? '',
      description: found.Description ?? '',
      expression: found.ScheduleExpression ?? '',
      timezone: found.ScheduleExpressionTimezone ?? 'UTC',
    };
  };
  return {
    create: async ({ FlexibleTimeWindow, Target, ...rest }) => {
      const input = { ...rest, FlexibleTimeWindow: { ...FlexibleTimeWindow }, Target: { ...Target } };
      await call('CreateSchedule', () => client.send(new CreateScheduleCommand(input)));
    },
    list: async (GroupName) => {
      const names = await call('ListSchedules', async () => {
        const all: string[] = [];
        for await (const page of paginateListSchedules({ client }, { GroupName }))
          all.push(...(page.Schedules ?? []).flatMap(({ Name }) => Name ?? []));
        return all;
      });
      return Promise.all(names.sort().map((name) => details(GroupName, name)));
    },
    delete: async (GroupName, Name) => {
      await call('DeleteSchedule', () => client.send(new DeleteScheduleCommand({ GroupName, Name })));
    },
  };
}
