// A Worker of the project's own that passes no environment on, so that vinext never gets its KV.

import handler from "vinext/server/app-router-entry";

export default {
  fetch(request: Request): Promise<Response> {
    return handler.fetch(request);
  },
};
