import type { DriverInfo } from "@millwright/sense/api";
import type * as z from "zod";
import type { Field } from "../../../parts/form/fields.ts";
import type { Draft } from "./draft.ts";

export type Driver = z.output<typeof DriverInfo>;

/** What every step of adding a machine is given. */
export interface StepProps {
	draft: Draft;
	change: (patch: Partial<Draft>) => void;
	settingFields: Field[];
	addressFields: Field[];
}
