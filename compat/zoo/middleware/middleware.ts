import { NextResponse, type NextRequest } from "next/server";

/** Sets what must never be seeded: a session, an id of the request, addresses of the server. */
export function middleware(request: NextRequest) {
  const response = NextResponse.next();
  response.headers.set("x-request-id", crypto.randomUUID());
  response.headers.set(
    "content-security-policy",
    `frame-ancestors 'none'; report-uri /${crypto.randomUUID()}`,
  );
  response.headers.append(
    "link",
    `<${new URL("/de", request.url)}>; rel="alternate"; hreflang="de"`,
  );
  response.cookies.set("sid", crypto.randomUUID());
  return response;
}
