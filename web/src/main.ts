// Where the page begins.

import { createSession } from "./state/session";
import { mount } from "./ui/mount";
import { PreferenceStore } from "./ui/preferences";

mount({ ...createSession(), preferences: new PreferenceStore(), meters: null, silent: false });
