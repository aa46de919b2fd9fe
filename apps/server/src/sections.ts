import { historySection } from "@millwright/history";
import { namespaceSection } from "@millwright/namespace";
import type { Section } from "@millwright/runtime";
import { senseSection } from "@millwright/sense";
import { twinSection } from "@millwright/twin";
import { backupSection } from "./backup/settings.ts";
import { enginesSection } from "./engine-settings.ts";
import { accessSection, httpSection, logSection } from "./settings.ts";

/** The configuration is the sum of the packages' sections. */
export const sections: readonly Section[] = [
	httpSection,
	logSection,
	enginesSection,
	senseSection,
	namespaceSection,
	historySection,
	twinSection,
	accessSection,
	backupSection,
];
