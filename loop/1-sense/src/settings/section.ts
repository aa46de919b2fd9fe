import { section } from "@millwright/runtime";
import { SenseSettings } from "../api.ts";

/** `sense:` in the configuration file. */
export const senseSection = section("sense", SenseSettings);
