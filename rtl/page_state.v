// page_state: what each page is good for, and the sizes and crossbar of its tables.
//
// A page is EMPTY, PROGRAMMED or READY, has tables or not, and an INL table or not. Everything
// changes at a clock edge; the answers are for the state before it.
`default_nettype none

module page_state #(
  parameter integer PAGES = 16,
  parameter integer ROWS  = 64,
  parameter integer COLS  = 64
) (
  input  wire        clk_i,
  input  wire        rst_ni,          // asynchronous, active low: pages empty, no tables or INL
  input  wire        clear_i,         // the same, synchronous

  // Changes of page_i
  input  wire [15:0] page_i,
  input  wire        set_empty_i,
  input  wire        set_programmed_i,
  input  wire        set_ready_i,
  input  wire        drop_tables_i,
  input  wire        set_tables_i,
  input  wire        drop_inl_i,
  input  wire        set_inl_i,
  input  wire [15:0] rows_i,          // at most ROWS
  input  wire [15:0] columns_i,       // at most COLS
  input  wire [31:0] crossbar_i,

  // State of page_i, and whether pages page_i .. page_i + count_i - 1 can all run
  input  wire [15:0] count_i,         // page_i + count_i <= PAGES
  output wire        empty_o,
  output wire        programmed_o,
  output wire        runnable_o,

  // Tables of the page that runs
  input  wire [15:0] running_i,
  output wire [15:0] rows_o,
  output wire [15:0] columns_o,
  output wire [31:0] crossbar_o,
  output wire        inl_o
);

  localparam integer PAGE_WIDTH   = (PAGES > 1) ? $clog2(PAGES) : 1;
  localparam integer ROW_WIDTH    = $clog2(ROWS + 1);
  localparam integer COLUMN_WIDTH = $clog2(COLS + 1);

  reg [PAGES-1:0]        programmed_q;
  reg [PAGES-1:0]        ready_q;
  reg [PAGES-1:0]        tables_q;
  reg [PAGES-1:0]        inl_q;
  reg [ROW_WIDTH-1:0]    rows_q     [0:PAGES-1];
  reg [COLUMN_WIDTH-1:0] columns_q  [0:PAGES-1];
  reg [31:0]             crossbar_q [0:PAGES-1];

  wire [PAGE_WIDTH-1:0] page    = page_i[PAGE_WIDTH-1:0];
  wire [PAGE_WIDTH-1:0] running = running_i[PAGE_WIDTH-1:0];
  wire [PAGES-1:0]      run     = ~({PAGES{1'b1}} << count_i) << page;  // the pages asked about

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      programmed_q <= {PAGES{1'b0}};
      ready_q      <= {PAGES{1'b0}};
      tables_q     <= {PAGES{1'b0}};
      inl_q        <= {PAGES{1'b0}};
    end else if (clear_i) begin
      programmed_q <= {PAGES{1'b0}};
      ready_q      <= {PAGES{1'b0}};
      tables_q     <= {PAGES{1'b0}};
      inl_q        <= {PAGES{1'b0}};
    end else begin
      if (set_empty_i || set_programmed_i || set_ready_i) begin
        programmed_q[page] <= set_programmed_i;
        ready_q[page]      <= set_ready_i;
      end
      if (drop_tables_i || set_tables_i) tables_q[page] <= set_tables_i;
      if (drop_inl_i || set_inl_i) inl_q[page] <= set_inl_i;
    end
  end

  always @(posedge clk_i) begin
    if (set_tables_i) begin
      rows_q[page]     <= rows_i[ROW_WIDTH-1:0];
      columns_q[page]  <= columns_i[COLUMN_WIDTH-1:0];
      crossbar_q[page] <= crossbar_i;
    end
  end

  assign empty_o      = !programmed_q[page] && !ready_q[page];
  assign programmed_o = programmed_q[page];
  assign runnable_o   = (run & ~(ready_q & tables_q)) == {PAGES{1'b0}};
  assign rows_o       = {{(16-ROW_WIDTH){1'b0}}, rows_q[running]};
  assign columns_o    = {{(16-COLUMN_WIDTH){1'b0}}, columns_q[running]};
  assign crossbar_o   = crossbar_q[running];
  assign inl_o        = inl_q[running];

  wire unused_bits = &{1'b0, page_i, running_i, rows_i, columns_i};  // those beyond PAGES and sizes

endmodule

`default_nettype wire
