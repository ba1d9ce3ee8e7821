export default {
  headers() {
    return [
      {
        source: "/:path*",
        headers: [
          { key: "X-Frame-Options", value: "DENY" },
          { key: "Link", value: '</feed.xml>; rel="alternate"; type="application/rss+xml"' },
        ],
      },
    ];
  },
  rewrites() {
    return {
      beforeFiles: [{ source: "/before", destination: "/isr" }],
      afterFiles: [
        { source: "/after", destination: "/about" },
        { source: "/posts/:slug", destination: "/blog/:slug" },
        {
          source: "/sometimes",
          destination: "/isr",
          has: [{ type: "header", key: "x-sometimes" }],
        },
      ],
      fallback: [{ source: "/fallback", destination: "/isr" }],
    };
  },
};
