import { section } from "@millwright/runtime";
import { TwinSettings } from "./api.ts";

export const twinSection = section("twin", TwinSettings);
