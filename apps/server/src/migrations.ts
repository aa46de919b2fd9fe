import { accessMigrations } from "@millwright/access";
import { auditMigrations } from "@millwright/audit";
import type { Migration } from "@millwright/core";
import { historyMigrations } from "@millwright/history";
import { twinMigrations } from "@millwright/twin";
import { tagClassMigrations } from "./tag-classes.ts";

/** Every step's tables in the records. */
export const migrations: readonly Migration[] = [
	...accessMigrations,
	...auditMigrations,
	...twinMigrations,
	...historyMigrations,
	...tagClassMigrations,
];
