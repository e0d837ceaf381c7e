// engines: ENGINES tiles that work side by side, page p in tile p mod ENGINES.
//
// One gather serves them in turn: while it drives the word lines of one, the others run. Ports are
// those of tile, with lanes and counts of all: lane l of engine e is bit, half-word and word
// e * ADCS + l. page_i is the page that is gathered for and started, and busy_o that of its tile;
// active_o is high while any tile is active. A page is written or read back by write_page_i, its
// columns numbered (write_page_i div ENGINES) * COLS + column.
`default_nettype none

module engines #(
  parameter integer ENGINES    = 1,    // a power of two
  parameter integer ROWS       = 64,
  parameter integer COLS       = 64,
  parameter integer CODE_WIDTH = 8,
  parameter integer PAGES      = 16,   // of all engines, a multiple of ENGINES
  parameter integer ADCS       = 1     // of each engine
) (
  input  wire                              clk_i,
  input  wire                              rst_ni,          // asynchronous, active low
  input  wire                              clear_i,

  // Contents, see tile
  input  wire        [15:0]                write_page_i,
  input  wire                              array_we_i,
  input  wire                              array_re_i,
  input  wire                              table_we_i,
  input  wire                              inl_we_i,
  input  wire [$clog2(PAGES/ENGINES*((COLS>64)?COLS:64))-1:0]
                                           unit_i,
  input  wire        [15:0]                word_i,
  input  wire                              last_i,
  input  wire        [31:0]                wdata_i,
  output wire        [31:0]                array_rdata_o,

  // Inputs of the tile of page_i
  input  wire                              x_clear_i,
  input  wire        [1:0]                 x_we_i,
  input  wire        [15:0]                x_row_i,
  input  wire        [15:0]                x_value_i,

  // Run
  input  wire                              start_i,
  output wire                              busy_o,
  output wire                              active_o,
  input  wire        [15:0]                page_i,
  input  wire        [15:0]                columns_i,
  input  wire        [3:0]                 input_bits_i,
  input  wire                              skip_zero_i,
  input  wire        [31:0]                seed_i,
  input  wire        [31:0]                crossbar_i,
  input  wire        [31:0]                vector_i,
  input  wire                              inl_i,

  // Results
  output wire        [ENGINES*ADCS-1:0]    add_valid_o,
  output wire        [ENGINES*ADCS*16-1:0] add_output_o,
  output wire        [ENGINES*ADCS*32-1:0] add_value_o,

  // Statistics of this cycle
  output wire [$clog2(ENGINES*ADCS+1)-1:0] converted_o,
  output wire [$clog2(ENGINES*ADCS+1)-1:0] clipped_low_o,
  output wire [$clog2(ENGINES*ADCS+1)-1:0] clipped_high_o,
  output wire [$clog2(ENGINES+1)-1:0]      skipped_o,       // phases
  output wire        [15:0]                skipped_columns_o
);

  localparam integer ENGINE_WIDTH = $clog2(ENGINES);
  localparam integer LANE_COUNT   = $clog2(ADCS + 1);
  localparam integer COUNT_WIDTH  = $clog2(ENGINES * ADCS + 1);
  localparam integer SKIP_WIDTH   = $clog2(ENGINES + 1);

  localparam integer INDEX_WIDTH  = (ENGINES > 1) ? ENGINE_WIDTH : 1;
  localparam integer LAST_ENGINE  = ENGINES - 1;

  wire [INDEX_WIDTH-1:0] write_engine = write_page_i[INDEX_WIDTH-1:0] & LAST_ENGINE[INDEX_WIDTH-1:0];
  wire [INDEX_WIDTH-1:0] run_engine   = page_i[INDEX_WIDTH-1:0] & LAST_ENGINE[INDEX_WIDTH-1:0];

  wire [ENGINES-1:0]            busy, active, skipped;
  wire [ENGINES*32-1:0]         words;
  wire [ENGINES*16-1:0]         columns;
  wire [ENGINES*LANE_COUNT-1:0] converted, low, high;

  genvar e;
  generate
    for (e = 0; e < ENGINES; e = e + 1) begin : g_engine
      localparam integer ENGINE = e;
      wire written = write_engine == ENGINE[INDEX_WIDTH-1:0];
      wire run     = run_engine == ENGINE[INDEX_WIDTH-1:0];

      tile #(
        .ROWS       (ROWS),
        .COLS       (COLS),
        .CODE_WIDTH (CODE_WIDTH),
        .PAGES      (PAGES / ENGINES),
        .ADCS       (ADCS)
      ) u_tile (
        .clk_i          (clk_i),
        .rst_ni         (rst_ni),
        .clear_i        (clear_i),
        .array_we_i     (array_we_i && written),
        .array_re_i     (array_re_i && written),
        .table_we_i     (table_we_i && written),
        .inl_we_i       (inl_we_i && written),
        .unit_i         (unit_i),
        .word_i         (word_i),
        .last_i         (last_i),
        .wdata_i        (wdata_i),
        .array_rdata_o  (words[e*32 +: 32]),
        .x_clear_i      (x_clear_i && run),
        .x_we_i         (x_we_i & {2{run}}),
        .x_row_i        (x_row_i),
        .x_value_i      (x_value_i),
        .start_i        (start_i && run),
        .busy_o         (busy[e]),
        .active_o       (active[e]),
        .page_i         (page_i >> ENGINE_WIDTH),
        .columns_i      (columns_i),
        .input_bits_i   (input_bits_i),
        .skip_zero_i    (skip_zero_i),
        .seed_i         (seed_i),
        .crossbar_i     (crossbar_i),
        .vector_i       (vector_i),
        .inl_i          (inl_i),
        .add_valid_o    (add_valid_o[e*ADCS +: ADCS]),
        .add_output_o   (add_output_o[e*ADCS*16 +: ADCS*16]),
        .add_value_o    (add_value_o[e*ADCS*32 +: ADCS*32]),
        .converted_o    (converted[e*LANE_COUNT +: LANE_COUNT]),
        .clipped_low_o  (low[e*LANE_COUNT +: LANE_COUNT]),
        .clipped_high_o (high[e*LANE_COUNT +: LANE_COUNT]),
        .skipped_o      (skipped[e]),
        .columns_o      (columns[e*16 +: 16])
      );
    end
  endgenerate

  // Sums in 32 bits: no width here is a constant of its own.
  // verilator lint_off UNUSEDSIGNAL
  function [COUNT_WIDTH-1:0] total;
    input [ENGINES*LANE_COUNT-1:0] counts;
    integer k;
    reg [31:0] sum;
    begin
      sum = 32'd0;
      for (k = 0; k < ENGINES; k = k + 1)
        sum = sum + {{(32-LANE_COUNT){1'b0}}, counts[k*LANE_COUNT +: LANE_COUNT]};
      total = sum[COUNT_WIDTH-1:0];
    end
  endfunction

  function [SKIP_WIDTH-1:0] ones;
    input [ENGINES-1:0] bits;
    integer k;
    reg [31:0] sum;
    begin
      sum = 32'd0;
      for (k = 0; k < ENGINES; k = k + 1) sum = sum + {31'd0, bits[k]};
      ones = sum[SKIP_WIDTH-1:0];
    end
  endfunction
  // verilator lint_on UNUSEDSIGNAL

  function [15:0] total_columns;
    input [ENGINES-1:0]    which;
    input [ENGINES*16-1:0] counts;
    integer k;
    begin
      total_columns = 16'd0;
      for (k = 0; k < ENGINES; k = k + 1)
        if (which[k]) total_columns = total_columns + counts[k*16 +: 16];
    end
  endfunction

  assign array_rdata_o     = words[write_engine*32 +: 32];
  assign busy_o            = busy[run_engine];
  assign active_o          = active != {ENGINES{1'b0}};
  assign converted_o       = total(converted);
  assign clipped_low_o     = total(low);
  assign clipped_high_o    = total(high);
  assign skipped_o         = ones(skipped);
  assign skipped_columns_o = total_columns(skipped, columns);

  wire unused_bits = &{1'b0, write_page_i};  // what page_mover makes of it

endmodule

`default_nettype wire
