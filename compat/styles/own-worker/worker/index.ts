// A Worker of the project's own, as vinext's documentation shows it.

import handler from "vinext/server/app-router-entry";

export default {
  fetch(request: Request, env: object, context: unknown): Promise<Response> {
    return handler.fetch(request, env, context);
  },
};
