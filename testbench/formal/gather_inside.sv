
  // Walks over row tables with any entries, of vectors in the window and in the vector buffer: no
  // word beside the vector is read, no word line beside the rows used is written, and a walk is over
  // after rows_i + 3 cycles.

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  localparam [31:0] WINDOW = 32'd1 << WINDOW_WIDTH;
  localparam [31:0] BUFFER = 32'd4;   // words of the vector buffer

  wire [31:0] base = {{(32-WINDOW_WIDTH){1'b0}}, base_i};

  reg                    was_busy, was_pair, held;
  reg [15:0]             was_page, was_rows;
  reg [WINDOW_WIDTH-1:0] was_base;
  reg [31:0]             was_words;
  reg [17:0]             was_left;

  always @* begin
    assume (rst_ni == started);
    assume (!start_i || !busy_o);
    assume (page_i < PAGES && rows_i >= 16'd1 && rows_i <= ROWS);
    assume (base == 32'd0 ? words_i <= BUFFER
                          : base >= `CROSSLOOP_RING_WORDS && words_i <= WINDOW - base);
    assume (!held || (page_i == was_page && rows_i == was_rows && base_i == was_base &&
                      words_i == was_words));
  end

  // Two cycles for a pair, which may be split.
  wire [15:0] unread = active_q ? rows_i + {15'd0, rows_i[0]} - row_q : 16'd0;
  wire [17:0] left   = {2'd0, unread} + (pair_valid_q ? 18'd3 - {17'd0, second_q}
                                         : active_q ? 18'd2 : 18'd0);
  wire [31:0] words_of_page = {{(32-ROW_WIDTH){1'b0}}, addr_q} - {16'd0, page_i} * ROW_WORDS;

  always @(posedge clk_i) begin
    was_busy  <= rst_ni && busy_o;
    was_pair  <= rst_ni && pair_valid_q;
    held      <= rst_ni && (busy_o || start_i);
    was_page  <= page_i;
    was_rows  <= rows_i;
    was_base  <= base_i;
    was_words <= words_i;
    was_left  <= left;
  end

  always @* if (rst_ni) begin
    within: assert (!vector_en_o || ({{(32-WINDOW_WIDTH){1'b0}}, vector_addr_o} >= base &&
                                     {{(32-WINDOW_WIDTH){1'b0}}, vector_addr_o} - base < words_i));
    tables: assert (!active_q || words_of_page < ROW_WORDS);
    lines:  assert ((!x_we_o[0] || x_row_o < rows_i) && (!x_we_o[1] || x_row_o + 16'd1 < rows_i));
    once:   assert (x_we_o == 2'd0 || was_pair);
    bound:  assert (left <= {2'd0, rows_i} + 18'd3 || !held);
    ends:   assert (!was_busy || !busy_o || left < was_left);
  end
